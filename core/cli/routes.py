"""`atrium routes`: every route with its access policy and its module."""

import click

from core.cli.loading import loaded_application
from core.cli.tables import print_table
from core.security.policies import Policy
from core.web.route_options import options_of
from core.wiring.routes import operations_of


@click.command()
def routes() -> None:
    """List every route: method, path, access policy, module."""
    rows: list[tuple[str, str, str, str]] = []
    for route, handler in operations_of(loaded_application().routes):
        options = options_of(handler)
        methods = sorted(handler.http_methods)
        for method in methods if len(methods) == 1 else ["any"]:
            rows.append((method, route.path_format, described(options.policy), options.module))
    rows.sort(key=lambda row: (row[1], row[0]))
    print_table(("method", "path", "policy", "module"), rows)


def described(policy: Policy) -> str:
    """Return the policy as text, e.g. `requires posts:write · key posts:write · fresh`."""
    if policy.anyone:
        who = "optional" if policy.strict else "public"
    else:
        who = f"requires {policy.needs.name}" if policy.needs else "authenticated"
    more = [
        f"key {policy.scope.name}" if policy.scope and not policy.both else "",
        "key beside" if policy.both else "",
        "fresh" if policy.step_up else "",
        "in maintenance" if policy.while_closed else "",
    ]
    return " · ".join([who, *filter(None, more)])

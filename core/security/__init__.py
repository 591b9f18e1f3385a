"""Who is calling, and who may: policies, the ports of authentication, derived keys."""

// A round trip with openapi-typescript and openapi-fetch.
import { deepEqual, equal, ok } from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "../fetch/schema";

const baseUrl = process.env.ADDRESS as string;
const visitor = createClient<paths>({ baseUrl });
const account = { email: "fetch@example.com", password: "hop from note to note" };

const registered = await visitor.POST("/api/v1/auth/register", {
  body: { name: "Hedy", ...account },
});
equal(registered.response.status, 201);
const again = await visitor.POST("/api/v1/auth/register", { body: { name: "Hedy", ...account } });
const code: "users.email_taken" | "http.invalid" | string | undefined = again.error?.code;
equal(code, "users.email_taken");

const { data: tokens } = await visitor.POST("/api/v1/auth/login", { body: account });
ok(tokens);
const client = createClient<paths>({
  baseUrl,
  headers: { authorization: `Bearer ${tokens.access_token}` },
});

const me = await client.GET("/api/v1/users/me");
ok(me.data);
equal(me.data.name, "Hedy");
const permission: "posts:write" | undefined = me.data.permissions.find((each) => each === "posts:write");
ok(permission);

for (const title of ["Bread", "Butter", "Bread"]) {
  const made = await client.POST("/api/v1/posts", { body: { title, content: "All about it." } });
  equal(made.response.status, 201);
}
const author = { author_id: me.data.id };
const page = await client.GET("/api/v1/posts", {
  params: { query: { ...author, page: 1, per_page: 2, sort: ["title", "-created_at"] } },
});
deepEqual(page.data?.data.map((post) => post.title), ["Bread", "Bread"]);
equal(page.data?.total, 3);
const seen: string[] = [];
for (let cursor: string | null | undefined = ""; cursor != null; ) {
  const query = { ...author, cursor, per_page: 2 };
  const part: { data?: { data: { title: string }[]; next_cursor: string | null } } =
    await client.GET("/api/v1/posts", { params: { query } });
  ok(part.data);
  seen.push(...part.data.data.map((post) => post.title));
  cursor = part.data.next_cursor;
}
equal(seen.length, 3);

const content = "Some words.";
const uploaded = await client.POST("/api/v1/files/upload", {
  body: { file: content },
  bodySerializer: () => {
    const form = new FormData();
    form.append("file", new Blob([content]), "words.txt");
    return form;
  },
});
ok(uploaded.data);
const ranged = await client.GET("/api/v1/files/{file_id}/download", {
  params: { path: { file_id: uploaded.data.id }, header: { Range: "bytes=0-3" } },
  parseAs: "text",
});
equal(ranged.response.status, 206);
equal(ranged.data, "Some");

const tag = me.response.headers.get("etag") as string;
const changed = await client.PATCH("/api/v1/users/me", {
  params: { header: { "If-Match": tag } },
  body: { age: 36 },
});
equal(changed.data?.age, 36);
const stale = await client.PATCH("/api/v1/users/me", {
  params: { header: { "If-Match": tag } },
  body: { age: 37 },
});
equal(stale.response.status, 412);
equal(stale.error?.code, "http.stale");

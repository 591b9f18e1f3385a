// A round trip with @hey-api/openapi-ts.
import { deepEqual, equal, ok } from "node:assert/strict";
import { client } from "../hey/client.gen";
import {
  authLogIn,
  authRegister,
  filesDownload,
  filesUpload,
  postsList,
  postsPublish,
  usersChangeMe,
  usersReadMe,
} from "../hey";

const account = { email: "hey@example.com", password: "hop from note to note" };
let token = "";
client.setConfig({
  baseUrl: process.env.ADDRESS as string,
  // Without the condition the API key would be sent beside the token, which is refused.
  auth: (scheme) => (scheme.scheme === "bearer" ? token : undefined),
});

const registered = await authRegister({ body: { name: "Hedy", ...account } });
equal(registered.response?.status, 201);
const again = await authRegister({ body: { name: "Hedy", ...account } });
const code: "users.email_taken" | string | undefined = again.error?.code;
equal(code, "users.email_taken");
token = (await authLogIn({ body: account, throwOnError: true })).data.access_token;

const me = await usersReadMe({ throwOnError: true });
equal(me.data.name, "Hedy");
for (const title of ["Bread", "Butter", "Bread"]) {
  await postsPublish({ body: { title, content: "All about it." }, throwOnError: true });
}
const author = { author_id: me.data.id };
const page = await postsList({
  query: { ...author, page: 1, per_page: 2, sort: ["title", "-created_at"] },
  throwOnError: true,
});
deepEqual(page.data.data.map((post) => post.title), ["Bread", "Bread"]);
equal(page.data.total, 3);
const seen: string[] = [];
for (let cursor: string | null = ""; cursor !== null; ) {
  const query: { cursor: string; per_page: number; author_id: string } = { ...author, cursor, per_page: 2 };
  const part: { data: { data: { title: string }[]; next_cursor: string | null } } = await postsList({
    query,
    throwOnError: true,
  });
  seen.push(...part.data.data.map((post) => post.title));
  cursor = part.data.next_cursor;
}
equal(seen.length, 3);

const file = new File(["Some words."], "words.txt");
const uploaded = await filesUpload({ body: { file }, throwOnError: true });
const ranged = await filesDownload({
  path: { file_id: uploaded.data.id },
  headers: { Range: "bytes=0-3" },
  parseAs: "blob",
  throwOnError: true,
});
equal(ranged.response.status, 206);
equal(await ranged.data.text(), "Some");

const tag = me.response.headers.get("etag") as string;
const changed = await usersChangeMe({ body: { age: 36 }, headers: { "If-Match": tag } });
equal(changed.data?.age, 36);
const stale = await usersChangeMe({ body: { age: 37 }, headers: { "If-Match": tag } });
equal(stale.response?.status, 412);
ok(stale.error?.code === "http.stale");

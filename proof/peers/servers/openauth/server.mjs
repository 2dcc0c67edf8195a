// OpenAuth's issuer with its memory storage. Arguments: the port, and the settings `ttl` as JSON.
import { serve } from "@hono/node-server";
import { createClient } from "@openauthjs/openauth/client";
import { issuer } from "@openauthjs/openauth";
import { MemoryStorage } from "@openauthjs/openauth/storage/memory";
import { createSubjects } from "@openauthjs/openauth/subject";
import { Hono } from "hono";

const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;
const user = { "~standard": { version: 1, vendor: "proof", validate: (value) => ({ value }) } };
const subjects = createSubjects({ user });

// A provider of sign-ins, as the documentation describes one's own: whoever a header names is signed in.
// https://openauth.js.org/docs/issuer/#providers
const named = {
  type: "named",
  init(routes, ctx) {
    routes.get("/authorize", (c) => ctx.success(c, { id: c.req.header("x-user") }));
  },
};

const app = issuer({
  allow: async () => true,
  providers: { named },
  storage: MemoryStorage(),
  subjects,
  success: async (ctx, { id }) => ctx.subject("user", { id }, { subject: id }),
  ttl: JSON.parse(process.argv[3]),
});

// An API, as the documentation protects one. https://openauth.js.org/docs/client/#verify
const client = createClient({ clientID: "app", issuer: origin });
const api = new Hono();
api.get("/api", async (c) => {
  const token = c.req.header("authorization").replace("Bearer ", "");
  const verified = await client.verify(subjects, token);
  return verified.err ? c.json({ error: "invalid_token" }, 401) : c.json(verified.subject);
});
api.route("/", app);

serve({ fetch: api.fetch, hostname: "127.0.0.1", port });

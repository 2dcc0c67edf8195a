// Better Auth on SQLite in memory. Arguments: the port, and the options of the OAuth provider as JSON.
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { oauthProvider } from "@better-auth/oauth-provider";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";

const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;

const options = {
  baseURL: origin,
  database: new DatabaseSync(":memory:"),
  emailAndPassword: {
    enabled: true,
    // Passwords are not what is compared, and scrypt would take most of the time.
    password: { hash: async (password) => password, verify: async ({ hash, password }) => hash === password },
  },
  plugins: [jwt(), oauthProvider({ consentPage: "/consent", loginPage: "/login", ...JSON.parse(process.argv[3]) })],
  secret: "a secret of the proof that is long enough",
  telemetry: { enabled: false },
};
await (await getMigrations(options)).runMigrations();
const auth = betterAuth(options);

const operator = { email: "operator@example.com", name: "operator", password: "a fine long passphrase" };
const { headers } = await auth.api.signUpEmail({ body: operator, returnHeaders: true });
const { client_id } = await auth.api.adminCreateOAuthClient({
  body: {
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: ["https://app.example.com/callback"],
    response_types: ["code"],
    scope: "openid offline_access",
    skip_consent: true,
    token_endpoint_auth_method: "none",
    type: "user-agent-based",
  },
  headers: {
    cookie: headers
      .getSetCookie()
      .map((cookie) => cookie.split(";")[0])
      .join("; "),
  },
});

const handler = toNodeHandler(auth);

// An API that checks the JWT of the plugin. https://www.better-auth.com/docs/plugins/jwt#verifying-the-token
async function api(request, response) {
  const token = (request.headers.authorization ?? "").replace("Bearer ", "");
  const { payload } = await auth.api.verifyJWT({ body: { token } });
  response.writeHead(payload ? 200 : 401).end();
}

createServer((request, response) => {
  if (request.url === "/api/of-others") return api(request, response);
  if (request.url === "/client") return response.end(JSON.stringify({ client_id }));
  return handler(request, response);
}).listen(port, "127.0.0.1", 512);

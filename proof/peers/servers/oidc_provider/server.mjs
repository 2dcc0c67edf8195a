// node-oidc-provider for one public client with PKCE. Arguments: the port.
import { Provider } from "oidc-provider";

const port = Number(process.argv[2]);
const SCOPE = "openid offline_access";

// The adapter that comes with it is for development and keeps 1,000 items only. This one keeps all, in one process.
// https://github.com/panva/node-oidc-provider/blob/main/example/my_adapter.js
const kept = new Map();

class Adapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    kept.set(this.key(id), payload);
  }

  async find(id) {
    return kept.get(this.key(id));
  }

  async findByUid(uid) {
    return [...kept].find(([key, payload]) => key.startsWith(`${this.model}:`) && payload.uid === uid)?.[1];
  }

  async consume(id) {
    kept.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    kept.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, payload] of kept) {
      if (payload.grantId === grantId) kept.delete(key);
    }
  }
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Adapter,
  // A native app: refresh tokens of a public web client end 14 days after the login, by its default `ttl.RefreshToken`.
  // https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#rotaterefreshtoken: public clients rotate.
  clients: [
    {
      application_type: "native",
      client_id: "app",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["http://127.0.0.1/callback"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
  ],
  cookies: { keys: ["proof"] },
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
});

// The pages of an operator: whoever `login_hint` names is signed in, and consents.
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  const result = {};
  if (prompt.name === "login") {
    result.login = { accountId: params.login_hint };
  } else {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(SCOPE);
    result.consent = { grantId: await grant.save() };
  }
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
  ctx.respond = false;
});

provider.listen(port, "127.0.0.1");

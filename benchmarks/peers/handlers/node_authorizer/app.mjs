// A TOKEN authorizer with aws-jwt-verify, as its manual describes it for keys that are known beforehand.

import { JwtVerifier } from "aws-jwt-verify";

const { ISSUER: issuer, AUDIENCE: audience, JWKS } = process.env;
const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/.well-known/jwks.json` });
verifier.cacheJwks(JSON.parse(JWKS));

export const handler = async (event) => {
  try {
    const claims = await verifier.verify(event.authorizationToken.replace(/^Bearer /, ""));
    return policy(claims.sub, "Allow", event.methodArn, { scope: claims.scope ?? "" });
  } catch {
    return policy("anonymous", "Deny", event.methodArn, {});
  }
};

function policy(principalId, Effect, Resource, context) {
  const Statement = [{ Action: "execute-api:Invoke", Effect, Resource }];
  return { principalId, policyDocument: { Version: "2012-10-17", Statement }, context };
}

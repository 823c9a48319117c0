// An OpenID provider on a free port: prints its address. Its one account has the e-mail address given as an argument.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [email, redirectUri] = process.argv.slice(2);
const listener = createServer();
listener.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${listener.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "tenantry", client_secret: "a-secret-for-tests-only", redirect_uris: [redirectUri] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    findAccount: async (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email, email_verified: true }),
    }),
  });
  listener.on("request", provider.callback());
  console.log(issuer);
});

// Manages one user of an enterprise by Google's own client, and prints what each call gave, as JSON.
// The library asks the vendor's host for tokens, whatever the key file says: that host is shown to be ours, as a line in
// /etc/hosts would, and nothing else is changed.
import { GoogleAuth } from "google-auth-library";
import { androidenterprise } from "googleapis/build/src/apis/androidenterprise/index.js";

const [baseUrl, keyFile, enterpriseId] = process.argv.slice(2);
const auth = new GoogleAuth({ keyFile, scopes: ["https://www.googleapis.com/auth/androidenterprise"] });
const client = await auth.getClient();
const asked = [];
client.transporter.interceptors.request.add({
  resolved: async (config) => {
    const url = new URL(config.url);
    if (url.host === "oauth2.googleapis.com") {
      asked.push(url.href);
      config.url = new URL(url.pathname, baseUrl);
    }
    return config;
  },
});
const api = androidenterprise({ version: "v1", auth: client, rootUrl: `${baseUrl}/` });
const body = { accountIdentifier: "node", accountType: "userAccount", displayName: "Node" };
const user = (await api.users.insert({ enterpriseId, requestBody: body })).data;
const at = { enterpriseId, userId: user.id };
const refused = await api.enterprises.getStoreLayout({ enterpriseId }).catch((error) => error);
const gone = await api.users.get({ enterpriseId, userId: "1" }).catch((error) => error);
console.log(
  JSON.stringify({
    asked,
    enterprise: (await api.enterprises.get({ enterpriseId })).data,
    user,
    updated: (await api.users.update({ ...at, requestBody: { displayName: "Node 2" } })).data,
    devices: (await api.devices.list(at)).data,
    token: (await api.users.generateAuthenticationToken(at)).data,
    deleted: (await api.users.delete(at)).status,
    refused: [refused.status, refused.message],
    gone: [gone.status, gone.message],
  }),
);

/** `POST /auth`: does a registry take these credentials? */
import { checkLogin } from '../../engine/registry-login.js';
import { object, string } from '../decode.js';
import { readShape } from '../request.js';
import { type Answer, type Call, ok, type Route } from '../routes.js';

const authBody = object({
  username: string,
  password: string,
  email: string,
  serveraddress: string,
  identitytoken: string,
  registrytoken: string,
});

export function authRoutes(environment: Readonly<Record<string, string | undefined>>): Route[] {
  return [{ method: 'POST', path: '/auth', handle: (call) => login(call, environment) }];
}

async function login(call: Call, environment: Readonly<Record<string, string | undefined>>): Promise<Answer> {
  const { username, password, serveraddress = '', identitytoken } = await readShape(call, authBody, 'AuthConfig');
  await checkLogin({
    serverAddress: serveraddress,
    auth: {
      ...(username ? { username, password: password ?? '' } : {}),
      ...(identitytoken ? { identityToken: identitytoken } : {}),
    },
    environment,
    signal: call.signal,
  });
  return ok({ Status: 'Login Succeeded', IdentityToken: '' });
}

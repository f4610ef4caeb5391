/** `POST /auth`: does a registry take these credentials? */
import { checkLogin } from '../../engine/registry-login.js';
import { EngineError } from '../../errors.js';
import { object, string } from '../decode.js';
import { readBody } from '../request.js';
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

/** Docker reads this one body whatever type it says it has, and takes a broken one for its own failure. */
async function readAny(call: Call): Promise<unknown> {
  const text = (await readBody(call)).toString('utf8');
  if (text === '') throw new EngineError('system', 'EOF');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('system', `invalid character '${text.trim()[0]}' looking for beginning of value`, { cause });
  }
}

async function login(call: Call, environment: Readonly<Record<string, string | undefined>>): Promise<Answer> {
  const { username, password, serveraddress = '', identitytoken } = authBody(await readAny(call), 'AuthConfig');
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

import type { RegistryAuth } from '../types.js';
import { readAnswer } from './failures.js';
import type { HttpAnswer, Transport } from './transport.js';

/** How a registry wants to be asked (WWW-Authenticate of its `/v2/`). */
export type Challenge =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined };

/** RFC 9110, 11.6.1; the first scheme that we can do. */
export function parseChallenge(header: string | undefined): Challenge {
  if (!header) return { scheme: 'none' };
  const bearer = /bearer\s+(.*)/i.exec(header)?.[1];
  const realm = bearer && parameter(bearer, 'realm');
  if (bearer && realm) return { scheme: 'bearer', realm, service: parameter(bearer, 'service') };
  return /\bbasic\b/i.test(header) ? { scheme: 'basic' } : { scheme: 'none' };
}

function parameter(text: string, name: string): string | undefined {
  return new RegExp(`${name}\\s*=\\s*(?:"([^"]*)"|([^\\s,]+))`, 'i').exec(text)?.slice(1).find(Boolean);
}

export interface TokenRequest {
  readonly challenge: Challenge;
  /** `repository:library/busybox:pull`, several by blanks. */
  readonly scope: string;
  readonly auth: RegistryAuth | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Value of the Authorization header, or undefined when none is wanted. */
export interface Tokens {
  authorization(request: TokenRequest): Promise<string | undefined>;
  /** What was given was refused: ask anew the next time. */
  forget(request: TokenRequest): void;
}

interface Token {
  readonly header: string;
  readonly expiresAt: number;
}

/** Distribution spec, "Token Authentication": tokens live 60 s where nothing is said. */
const LIFE_SECONDS = 60;
const EARLY_MS = 10_000;

export function openTokens(transport: Transport): Tokens {
  const known = new Map<string, Token>();
  return {
    async authorization(request) {
      const { challenge, auth } = request;
      if (auth?.registryToken) return `Bearer ${auth.registryToken}`;
      if (challenge.scheme === 'none') return undefined;
      if (challenge.scheme === 'basic') return basic(auth);
      const key = keyOf(request);
      const kept = known.get(key);
      if (kept && kept.expiresAt > Date.now()) return kept.header;
      const token = await fetchToken(transport, challenge, request);
      known.set(key, token);
      return token.header;
    },
    forget: (request) => {
      known.delete(keyOf(request));
    },
  };
}

function keyOf({ challenge, scope, auth }: TokenRequest): string {
  const who = [auth?.username, auth?.password, auth?.identityToken];
  return JSON.stringify([challenge, scope, who]);
}

function basic(auth: RegistryAuth | undefined): string | undefined {
  if (!auth?.username) return undefined;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password ?? ''}`).toString('base64')}`;
}

async function fetchToken(
  transport: Transport,
  challenge: Extract<Challenge, { scheme: 'bearer' }>,
  request: TokenRequest,
): Promise<Token> {
  const answer = await (request.auth?.identityToken ? refresh : ask)(transport, challenge, request);
  const body = await answer.text();
  if (answer.status !== 200) {
    throw readAnswer({ status: answer.status, body, url: answer.url, retryAfter: answer.header('retry-after') });
  }
  const value = JSON.parse(body) as { token?: string; access_token?: string; expires_in?: number };
  const lifeMs = Math.max(value.expires_in ?? LIFE_SECONDS, LIFE_SECONDS) * 1000;
  return { header: `Bearer ${value.token ?? value.access_token ?? ''}`, expiresAt: Date.now() + lifeMs - EARLY_MS };
}

function ask(
  transport: Transport,
  challenge: Extract<Challenge, { scheme: 'bearer' }>,
  { scope, auth, signal }: TokenRequest,
): Promise<HttpAnswer> {
  const url = new URL(challenge.realm);
  if (challenge.service) url.searchParams.set('service', challenge.service);
  for (const one of scope.split(' ').filter(Boolean)) url.searchParams.append('scope', one);
  if (auth?.username) url.searchParams.set('account', auth.username);
  const authorization = basic(auth);
  return transport.send({ method: 'GET', url: url.href, headers: authorization ? { authorization } : {}, signal });
}

/** OAuth 2 with the refresh token that a login left. */
function refresh(
  transport: Transport,
  challenge: Extract<Challenge, { scheme: 'bearer' }>,
  { scope, auth, signal }: TokenRequest,
): Promise<HttpAnswer> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'devenv',
    service: challenge.service ?? '',
    scope,
    refresh_token: auth?.identityToken ?? '',
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return transport.send({ method: 'POST', url: challenge.realm, headers, body: form.toString(), signal });
}

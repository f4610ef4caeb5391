import { EngineError } from '../errors.js';
import { networkSentence } from '../images/registry/failures.js';
import type { Filters } from './filters.js';

export interface SearchResult {
  readonly star_count: number;
  readonly is_official: boolean;
  readonly name: string;
  readonly is_automated: boolean;
  readonly description: string;
}

async function askHub(url: string): Promise<readonly SearchResult[]> {
  const response = await fetch(url).catch((cause) => {
    throw new EngineError('system', `Get "${url}": ${networkSentence(cause)}`, { cause });
  });
  if (!response.ok) throw new EngineError('system', `Unexpected status code ${response.status}`);
  const answer = (await response.json()) as { results?: readonly SearchResult[] };
  return answer.results ?? [];
}

function starsOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw new EngineError('invalid', `invalid filter 'stars=${text}': ${why}`);
}

/** Docker Hub's own search, the only registry that has one. Throws `invalid` for a bad limit, `system` when it cannot be asked. */
export async function searchHub(term: string, limit: number, filters: Filters): Promise<SearchResult[]> {
  if (limit < 1 || limit > 100) throw new EngineError('invalid', `limit ${limit} is outside the range of [1, 100]`);
  if (/^https?:\/\//.test(term))
    throw new EngineError('invalid', `invalid repository name: repository name (${term}) should not have a scheme`);
  const stars = Math.max(0, ...filters.get('stars').map(starsOf));
  const official = filters.has('is-official') ? filters.bool('is-official', false) : undefined;
  const url = `https://index.docker.io/v1/search?q=${encodeURIComponent(term)}&n=${limit}`;
  const found = await askHub(url);
  return found
    .filter((result) => result.star_count >= stars)
    .filter((result) => official === undefined || result.is_official === official)
    .map((result) => ({ ...result, is_automated: false }));
}

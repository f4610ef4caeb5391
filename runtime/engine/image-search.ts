import { EngineError } from '../errors.js';
import { networkSentence } from '../images/registry/failures.js';
import type { Download } from './download.js';
import type { Filters } from './filters.js';

export interface SearchResult {
  readonly star_count: number;
  readonly is_official: boolean;
  readonly name: string;
  readonly is_automated: boolean;
  readonly description: string;
}

async function askHub(download: Download, url: string): Promise<readonly SearchResult[]> {
  const answer = await download(url).catch((cause) => {
    throw new EngineError('system', `Get "${url}": ${networkSentence(cause)}`, { cause });
  });
  const text = await answer.text();
  if (answer.status >= 300) throw new EngineError('system', `Unexpected status code ${answer.status}`);
  return (JSON.parse(text) as { results?: readonly SearchResult[] }).results ?? [];
}

function starsOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw new EngineError('invalid', `invalid filter 'stars=${text}': ${why}`);
}

/** Docker Hub's own search, the only registry that has one. Throws `invalid` for a bad limit, `system` when it cannot be asked. */
export async function searchHub(
  download: Download,
  { term, limit, filters }: { readonly term: string; readonly limit: number; readonly filters: Filters },
): Promise<SearchResult[]> {
  if (limit < 1 || limit > 100) throw new EngineError('invalid', `limit ${limit} is outside the range of [1, 100]`);
  if (/^https?:\/\//.test(term))
    throw new EngineError('invalid', `invalid repository name: repository name (${term}) should not have a scheme`);
  const stars = Math.max(0, ...filters.get('stars').map(starsOf));
  const official = filters.has('is-official') ? filters.bool('is-official', false) : undefined;
  const url = `https://index.docker.io/v1/search?q=${encodeURIComponent(term)}&n=${limit}`;
  const found = await askHub(download, url);
  return found
    .filter((result) => result.star_count >= stars)
    .filter((result) => official === undefined || result.is_official === official)
    .map((result) => ({ ...result, is_automated: false }));
}

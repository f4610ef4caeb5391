/** `POST /commit`: an image from a container. */
import { commitContainer } from '../../engine/commit.js';
import type { Engine } from '../../engine/engine.js';
import type { ImageConfig } from '../../engine/images.js';
import { referenceOf } from '../../engine/images.js';
import { any, int, map, object, string, stringMap, stringOrStrings, strings } from '../decode.js';
import { readShape } from '../request.js';
import { type Answer, type Call, created, type Route } from '../routes.js';

const healthBody = object({
  Test: strings,
  Interval: int,
  Timeout: int,
  Retries: int,
  StartPeriod: int,
  StartInterval: int,
});

/** What of ContainerConfig an image keeps. */
const configBody = object({
  User: string,
  ExposedPorts: map(any),
  Env: strings,
  Cmd: stringOrStrings,
  Entrypoint: stringOrStrings,
  Volumes: map(any),
  WorkingDir: string,
  Labels: stringMap,
  StopSignal: string,
  Healthcheck: healthBody,
  Shell: strings,
  OnBuild: strings,
});

export function commitRoutes(engine: Engine): Route[] {
  return [{ method: 'POST', path: '/commit', handle: (call) => commit(engine, call) }];
}

async function commit(engine: Engine, call: Call): Promise<Answer> {
  const { query } = call;
  const config = await readShape(call, configBody, 'ContainerConfig');
  const image = await commitContainer(engine, {
    container: query.text('container'),
    reference: referenceOf(query.text('repo'), query.text('tag')),
    comment: query.text('comment'),
    author: query.text('author'),
    changes: query.all('changes').flatMap((text) => text.split('\n')),
    config: Object.keys(config).length > 0 ? (config as Partial<ImageConfig>) : undefined,
    pause: query.bool('pause', true),
  });
  return created({ Id: image.id });
}

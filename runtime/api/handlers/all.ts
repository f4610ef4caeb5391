/** The whole route table. */
import type { Engine } from '../../engine/engine.js';
import type { Product } from '../product.js';
import type { Route } from '../routes.js';
import { absentRoutes } from './absent.js';
import { archiveRoutes } from './archive.js';
import { authRoutes } from './auth.js';
import { buildRoutes } from './build.js';
import { buildkitRoutes, lazyBuildKit } from './buildkit.js';
import { commitRoutes } from './commit.js';
import { containerRoutes } from './containers.js';
import { devenvRoutes } from './devenv.js';
import { diskUsageRoutes } from './disk-usage.js';
import { eventRoutes } from './events.js';
import { execRoutes } from './exec.js';
import { imageTransferRoutes } from './image-transfer.js';
import { imageRoutes } from './images.js';
import { networkRoutes } from './networks.js';
import { statsRoutes } from './stats.js';
import { systemRoutes } from './system.js';
import { volumeRoutes } from './volumes.js';

export interface AllRoutesOptions {
  readonly engine: Engine;
  readonly product: Product;
  /** Ends the engine's process, containers untouched. */
  readonly shutdown: (why: string, force: boolean) => void;
  /** Proxies, insecure registries. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** One line (or a stack) for the engine's log. */
  readonly log: (text: string) => void;
}

export function engineRoutes({ engine, product, shutdown, environment, log }: AllRoutesOptions): Route[] {
  const buildkit = lazyBuildKit({ engine, product, log });
  return [
    ...systemRoutes({ engine, product }),
    ...authRoutes(environment),
    ...diskUsageRoutes(engine),
    ...eventRoutes(engine),
    ...imageRoutes(engine),
    ...imageTransferRoutes(engine),
    ...buildRoutes(engine, buildkit),
    ...buildkitRoutes(buildkit),
    ...commitRoutes(engine),
    ...containerRoutes(engine),
    ...execRoutes(engine),
    ...statsRoutes(engine),
    ...archiveRoutes(engine),
    ...networkRoutes(engine),
    ...volumeRoutes(engine),
    ...devenvRoutes({ engine, shutdown }),
    ...absentRoutes(),
  ];
}

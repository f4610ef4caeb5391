/** `push`: the images of services that are built here, to their registries. */
import { registryAuth } from '../apply/registry-auth.js';
import type { EngineClient } from '../engine/client.js';
import { EngineAnswerError } from '../engine/errors.js';
import { pushImage } from '../engine/images.js';
import { UserError } from '../errors.js';
import { imageName } from '../model/names.js';
import type { Project } from '../model/project.js';
import { selectServices } from '../plan/order.js';
import type { Session } from './session.js';

export interface PushRequest {
  readonly services: readonly string[];
  readonly dependencies: boolean;
  readonly ignoreFailures: boolean;
  readonly quiet: boolean;
  readonly dryRun: boolean;
}

/** Throws UserError with the first that failed, unless failures are ignored. */
export async function pushServices(session: Session, request: PushRequest): Promise<void> {
  const { project, variables } = await session.load(request.services);
  const images = imagesToPush(project, request);
  if (images.size === 0) return session.terminal.status('No images to push\n');
  if (request.dryRun) {
    for (const [image, service] of images) await session.terminal.data(`image.push   ${service}  ${image}\n`);
    return;
  }
  const engine = await session.engine();
  const failures: UserError[] = [];
  for (const [image, service] of images) {
    try {
      await pushOne(session, engine, { image, service, quiet: request.quiet, variables });
    } catch (error) {
      if (!(error instanceof UserError || error instanceof EngineAnswerError)) throw error;
      failures.push(
        new UserError('push-failed', `${service}: ${error.message}`, [
          `devenv login, or correct services.${service}.image`,
        ]),
      );
      if (request.ignoreFailures) await session.terminal.status(`warning: ${failures.at(-1)!.message}\n`);
    }
  }
  if (failures.length && !request.ignoreFailures) throw failures[0];
}

/** Only what is built here and has a name of its own: the same rule as Compose's. */
function imagesToPush(project: Project, request: PushRequest): Map<string, string> {
  const selected = selectServices(project, request.services, request.dependencies);
  const images = new Map<string, string>();
  for (const service of Object.values(project.services)) {
    if (!selected.has(service.name) || !service.build || !service.image) continue;
    for (const image of [imageName(project, service), ...(service.build.tags ?? [])]) images.set(image, service.name);
  }
  return images;
}

/** Throws UserError with what the registry says. */
export async function pushOne(
  session: Session,
  engine: EngineClient,
  {
    image,
    service,
    quiet,
    variables,
  }: { image: string; service: string; quiet: boolean; variables: Readonly<Record<string, string>> },
): Promise<void> {
  const auth = await registryAuth(image, { ...session.world.env, ...variables });
  const say = (text: string) => (quiet ? undefined : session.terminal.status(text));
  await say(` ${service} Pushing ${image}\n`);
  for await (const line of pushImage(engine, image, auth ? { auth } : {})) {
    if (line.error !== undefined) throw new UserError('push-failed', line.errorDetail?.message ?? line.error);
    if (line.status && !line.progressDetail?.total)
      await say(` ${service} ${line.id ? `${line.id}: ` : ''}${line.status}\n`);
  }
  await say(` ${service} Pushed\n`);
}

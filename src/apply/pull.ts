import { pullImage } from '../engine/images.js';
import { UserError } from '../errors.js';
import type { Step } from '../model/plan.js';
import type { ApplyContext, OpOf } from './context.js';
import { registryAuth } from './registry-auth.js';

export async function pullServiceImage(
  { service, image }: OpOf<'image.pull'>,
  context: ApplyContext,
  step: Step,
): Promise<void> {
  const platform = context.project.services[service]?.platform as string | undefined;
  const auth = await registryAuth(image, context.env);
  const lines = pullImage(context.engine, image, {
    ...(platform ? { platform } : {}),
    ...(auth ? { auth } : {}),
    signal: context.signal,
  });
  context.images.delete(image);
  for await (const line of lines) {
    if (line.error !== undefined) throw new UserError('pull-failed', line.errorDetail?.message ?? line.error);
    if (line.status === undefined) continue;
    context.emit({
      kind: 'plan.step.progress',
      step,
      text: line.status,
      ...(line.id ? { id: line.id } : {}),
      ...(line.progressDetail?.total
        ? { current: line.progressDetail.current ?? 0, total: line.progressDetail.total }
        : {}),
    });
  }
}

/** A registry that dies in the middle of a pull: a sentence, nothing half there, and the next pull is all that is needed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recordsOpen, settle } from '../support/faults/checks.js';
import { takeFootprint } from '../support/faults/footprint.js';
import { makeWorld, type World } from '../support/faults/world.js';
import { runOnOwnEngine } from '../support/project.js';

const registry = suite<{ world: World }>('faults: registry');

registry.before(async (context) => {
  context.world = await makeWorld();
});
registry.after(async ({ world }) => world.remove());

/** From now on blobs come to half and then the connection is gone, and nothing else is answered. */
function die(world: World): void {
  world.registry.intercept = (request, response) => {
    const digest = /\/blobs\/(sha256:\w+)$/.exec(request.url ?? '')?.[1] ?? '';
    const bytes = world.registry.blobs.get(digest);
    if (!bytes || bytes.length < 100_000) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
    return true;
  };
}

registry(
  'a pull that breaks off says so, leaves no image, and goes through when the registry is back',
  async ({ world }) => {
    die(world);
    const pull = await world.project.devenv('pull', 'remote');
    assert.is.not(pull.code, 0, pull.output);
    assert.not.match(pull.output, /^\s+at .*:\d+:\d+|This is a bug/m, pull.output);
    assert.match(pull.output, /remote|registry|connection|EOF/i, pull.output);
    const tags = async () =>
      (await world.get<{ RepoTags: string[] | null }[]>('/images/json')).flatMap(({ RepoTags }) => RepoTags ?? []);
    assert.not.ok((await tags()).includes(`${world.registry.host}/app:1`));
    assert.equal(await recordsOpen(world), []);
    world.registry.intercept = () => false;
    const again = await world.project.devenv('pull', 'remote');
    assert.is(again.code, 0, again.output);
    assert.ok((await tags()).includes(`${world.registry.host}/app:1`));
    const folders = { home: world.project.home, runtime: world.project.env.DEVENV_RUNTIME_DIR! };
    assert.equal(await settle(10_000, async () => [...takeFootprint(folders).files.ingest]), []);
    const up = await world.project.devenv('up', '--detach', 'remote');
    assert.is(up.code, 0, up.output);
  },
);

runOnOwnEngine(registry, 'faults: registry', 'it breaks pulls of our engine');

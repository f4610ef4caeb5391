import * as Flags from '@oclif/core/flags';
import { bakeFile, parseMemory } from '../flows/bake.js';
import { checkServices } from '../flows/build-check.js';
import { parseOutput, readBuildFlags } from '../flows/build-flags.js';
import { buildArguments, buildServices } from '../flows/images.js';
import { pushServices } from '../flows/push.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

const many = { multiple: true, multipleNonGreedy: true } as const;

export default class Build extends DevenvCommand {
  static override summary = 'Build the images of the services';
  static override examples = [
    '<%= config.bin %> build',
    '<%= config.bin %> build --no-cache --build-arg VERSION=2 api',
    '<%= config.bin %> build --push',
  ];
  static override args = { services };
  static override flags = {
    'no-cache': Flags.boolean({ description: 'do every step anew' }),
    // Of Compose 1: taken, and without a meaning, as in Compose 2.
    compress: Flags.boolean({ hidden: true }),
    'force-rm': Flags.boolean({ hidden: true }),
    'no-rm': Flags.boolean({ hidden: true }),
    memory: Flags.string({ char: 'm', helpValue: 'BYTES', description: 'memory of each step (512m)' }),
    print: Flags.boolean({ description: 'print what would be built as a bake file, and build nothing' }),
    push: Flags.boolean({ description: 'push the images then' }),
    pull: Flags.boolean({ description: 'look for newer base images' }),
    'build-arg': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'KEY=VALUE',
      description: 'value of an ARG',
    }),
    target: Flags.string({ helpValue: 'STAGE', description: 'stage to build' }),
    'no-cache-filter': Flags.string({ ...many, helpValue: 'STAGE', description: 'do the steps of a stage anew' }),
    secret: Flags.string({ ...many, helpValue: 'id=ID,src=FILE', description: 'secret for RUN --mount=type=secret' }),
    ssh: Flags.string({ ...many, helpValue: 'default|ID=SOCKET', description: 'agent for RUN --mount=type=ssh' }),
    'build-context': Flags.string({ ...many, helpValue: 'NAME=WHERE', description: 'more files or images, by name' }),
    platform: Flags.string({ helpValue: 'OS/ARCHITECTURE', description: 'platform to build for' }),
    label: Flags.string({ ...many, helpValue: 'KEY=VALUE', description: 'label of the image' }),
    network: Flags.string({ helpValue: 'NETWORK', description: 'network of RUN: default, none, host' }),
    allow: Flags.string({
      ...many,
      helpValue: 'network.host|security.insecure',
      description: 'what steps may have that ask for it',
    }),
    'add-host': Flags.string({ ...many, helpValue: 'HOST:IP', description: 'line in /etc/hosts of RUN' }),
    ulimit: Flags.string({ ...many, helpValue: 'NAME=SOFT:HARD', description: 'limit of RUN' }),
    'shm-size': Flags.string({ helpValue: 'BYTES', description: 'size of /dev/shm of RUN' }),
    output: Flags.string({
      ...many,
      char: 'o',
      helpValue: 'type=local,dest=PATH',
      description: 'local, tar, oci, docker, image',
    }),
    iidfile: Flags.string({ helpValue: 'FILE', description: 'write the image ID into this file' }),
    'metadata-file': Flags.string({ helpValue: 'FILE', description: 'write what was built into this file' }),
    'cache-from': Flags.string({
      ...many,
      helpValue: 'WHERE',
      description: 'image, type=registry,ref=…, type=local,src=…',
    }),
    'cache-to': Flags.string({
      ...many,
      helpValue: 'WHERE',
      description: 'type=inline, type=registry,ref=…, type=local,dest=…',
    }),
    provenance: Flags.string({
      helpValue: 'true|min|max|false',
      description: 'keep where the image comes from beside it, for push',
    }),
    sbom: Flags.boolean({ description: 'keep a list of its packages beside the image, for push' }),
    annotation: Flags.string({
      ...many,
      helpValue: '[index:|manifest:]KEY=VALUE',
      description: 'note on the image’s manifest, for push and save',
    }),
    reproducible: Flags.boolean({ description: 'same input, same digest: times are the last commit’s' }),
    check: Flags.boolean({ description: 'say what is odd about the Dockerfiles, and build nothing' }),
    'with-dependencies': Flags.boolean({ description: 'also what the services depend on' }),
    builder: Flags.string({ helpValue: 'NAME', description: 'builder of docker buildx, on an engine of Docker' }),
    quiet: Flags.boolean({ char: 'q', description: 'say nothing' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Build);
    const wish = {
      services: args.services ?? [],
      noCache: flags['no-cache'] ?? false,
      pull: flags.pull ?? false,
      quiet: flags.quiet ?? false,
      memoryBytes: parseMemory(flags.memory),
      dependencies: flags['with-dependencies'] ?? false,
      dryRun: flags['dry-run'] ?? false,
      flags: readBuildFlags(flags, process.env),
      outputs: (flags.output ?? []).map(parseOutput),
      iidFile: flags.iidfile,
      builder: flags.builder,
      metadataFile: flags['metadata-file'],
    };
    const values = flags.quiet ? { ...flags, progress: 'quiet' } : flags;
    const push = {
      services: wish.services,
      dependencies: wish.dependencies,
      ignoreFailures: false,
      quiet: wish.quiet,
      dryRun: wish.dryRun,
    };
    await this.withSession(values, async (session) => {
      const request = { ...wish, args: await buildArguments(session, wish.services, flags['build-arg'] ?? []) };
      if (flags.print) return session.terminal.data(await bakeFile(session, request));
      if (flags.check) return checkServices(session, request);
      await buildServices(session, request);
      if (flags.push) await pushServices(session, push);
    });
  }
}

import type { LoadOptions, LoadRequest } from '../config/types.js';
import type { EngineClient } from '../engine/client.js';
import { connectEngine } from '../engine/connect.js';
import type { LoadedProject, Project } from '../model/project.js';
import { createProgress } from '../output/progress/progress.js';
import type { Progress, ProgressMode } from '../output/progress/types.js';
import { type AnsiMode, createTerminal, type OutputStream, type Terminal } from '../output/terminal.js';

/** The flags that every command takes. */
export interface GlobalOptions {
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  readonly profiles: readonly string[];
  readonly projectName?: string;
  readonly projectDirectory?: string;
  readonly environment?: string;
  readonly engine?: string;
  /** Of all services, over what the config says. */
  readonly isolation?: string;
  /** Names as Compose 1 gave them: `proj_web_1`. */
  readonly compatibility?: boolean;
  /** Networks and volumes that no service uses are made too. */
  readonly allResources?: boolean;
  /** Each step is told with its reason. */
  readonly verbose?: boolean;
  readonly progress: ProgressMode;
  readonly ansi: AnsiMode;
  /** Steps at once; undefined: as many as the engine is good for. */
  readonly parallel?: number;
}

/** What a command knows of the process that it runs in: read once, at the edge. */
export interface World {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Of devenv. */
  readonly version: string;
}

function isolated(project: Project, isolation: string): Project {
  const services = Object.entries(project.services).map(([name, service]) => [name, { ...service, isolation }]);
  return { ...project, services: Object.fromEntries(services) };
}

/** One run of a command: opens what it needs when it needs it, and closes it all. */
export class Session {
  readonly terminal: Terminal;
  /** Standard output belongs to a program or an archive: the log of a build goes where the status goes. */
  outputIsTaken = false;
  private client: Promise<EngineClient> | undefined;

  constructor(
    readonly world: World,
    readonly options: GlobalOptions,
  ) {
    this.terminal = createTerminal({ out: world.stdout, err: world.stderr }, options.ansi, world.env);
  }

  /** Throws UserErrors with all that is wrong with the config. `services`: whose profiles come on. */
  async load(services: readonly string[] = [], load?: LoadOptions): Promise<LoadedProject> {
    const loaded = await this.loadQuietly(services, load);
    for (const { text, location } of loaded.warnings) {
      const place = location ? `${location.file}:${location.line}:${location.column}: ` : '';
      await this.terminal.status(`warning: ${place}${text}\n`);
    }
    return loaded;
  }

  /** The same without its warnings, for a second look. */
  async loadQuietly(services: readonly string[], load?: LoadOptions): Promise<LoadedProject> {
    const { loadProject } = await import('../config/load.js');
    const loaded = await loadProject(this.loadRequest(services, load));
    const { isolation, compatibility } = this.options;
    const project: Project = compatibility ? { ...loaded.project, nameSeparator: '_' } : loaded.project;
    return { ...loaded, project: isolation === undefined ? project : isolated(project, isolation) };
  }

  loadRequest(services: readonly string[], load?: LoadOptions): LoadRequest {
    const { files, envFiles, profiles, projectName, projectDirectory, environment, allResources } = this.options;
    return {
      cwd: this.world.cwd,
      env: this.world.env,
      files,
      envFiles,
      profiles,
      services,
      ...(projectName ? { projectName } : {}),
      ...(projectDirectory ? { projectDirectory } : {}),
      ...(environment ? { environment } : {}),
      ...(load || allResources ? { options: { ...(allResources ? { allResources } : {}), ...load } } : {}),
    };
  }

  /** The engine's client; ours is started when it does not answer. */
  engine(): Promise<EngineClient> {
    const { engine } = this.options;
    this.client ??= connectEngine({ env: this.world.env, uid: this.world.uid, ...(engine ? { engine } : {}) });
    return this.client;
  }

  /** After `lost` broke off: the same engine again, started anew if it must be. Those who ask together share it. */
  async reconnect(lost: EngineClient): Promise<void> {
    if (this.client && (await this.client) !== lost) return;
    lost.close();
    this.client = undefined;
    await this.engine();
  }

  /** `lines`: nothing that is written over, since others write in between. */
  progress(lines = false): Promise<Progress> {
    const { progress, verbose } = this.options;
    return createProgress(lines && (progress === 'auto' || progress === 'tty') ? 'plain' : progress, this.terminal, {
      buildLog: this.outputIsTaken ? this.terminal.status : this.terminal.data,
      reasons: verbose ?? false,
    });
  }

  /** Warnings alone. */
  quietProgress(): Promise<Progress> {
    return createProgress('quiet', this.terminal, { buildLog: this.terminal.status, reasons: false });
  }

  async close(): Promise<void> {
    if (this.client) (await this.client.catch(() => undefined))?.close();
  }
}

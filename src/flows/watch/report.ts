/** What the watcher tells: sentences among the logs, JSON lines for tools, and the event stream of pages. */
import path from 'node:path';
import type { Event } from '../../model/event.js';
import type { Plan } from '../../model/plan.js';
import type { Project } from '../../model/project.js';
import { type ReportPlace, reportError } from '../../output/report.js';
import type { Terminal } from '../../output/terminal.js';
import { renderPlan } from '../../plan/render.js';
import type { ServiceWork, WatchRule } from '../../watch/types.js';

/** One line for tools; also what a page is told. Paths are absolute. */
export type WatchNews =
  | {
      readonly event: 'sync' | 'restart' | 'rebuild' | 'exec' | 'pull';
      readonly service: string;
      readonly files: readonly string[];
      readonly ms: number;
    }
  | { readonly event: 'reload'; readonly ms: number }
  | { readonly event: 'error'; readonly message: string }
  | { readonly event: 'notice'; readonly message: string };

export interface WatchReporter {
  readonly rules: (project: Project, rules: readonly WatchRule[]) => void;
  readonly begins: (project: Project, work: ServiceWork) => void;
  readonly done: (project: Project, work: ServiceWork, ms: number) => void;
  readonly pulled: (project: Project, pulled: { service: string; files: readonly string[]; ms: number }) => void;
  readonly plan: (plan: Plan) => void;
  readonly reloads: (project: Project, files: readonly string[]) => void;
  readonly reloaded: (ms: number) => void;
  readonly loop: (project: Project, service: string, files: readonly string[]) => void;
  readonly notice: (text: string) => void;
  readonly failure: (error: unknown) => void;
  /** What the commands of `sync+exec` print. */
  readonly event: (event: Event) => void;
}

const FILES_NAMED = 3;

export interface ReporterOptions {
  readonly terminal: Terminal;
  readonly place: ReportPlace;
  readonly json: boolean;
  readonly tell: (news: WatchNews) => void;
}

export function createReporter({ terminal, place, json, tell }: ReporterOptions): WatchReporter {
  const say = (text: string, news?: WatchNews) => {
    if (news) tell(news);
    if (json && news) void terminal.status(`${JSON.stringify({ watch: news })}\n`);
    else if (!json) void terminal.status(`${terminal.errColors.cyan('watch')} ${text}\n`);
  };
  const notice = (text: string) => say(text, { event: 'notice', message: text });
  return {
    rules: (project, rules) => {
      for (const line of describeRules(project, rules)) say(line);
    },
    begins: (project, { service, because }) =>
      say(`${service}: ${named(relativeTo(project, because))} changed, rebuilding`),
    done: (project, work, ms) => {
      const event = work.rebuild ? 'rebuild' : work.restart ? 'restart' : work.execs.length ? 'exec' : 'sync';
      const files = relativeTo(project, work.because);
      say(`${work.service}: ${deeds(work)} in ${Math.round(ms)} ms (${named(files)})`, {
        event,
        service: work.service,
        files: work.because,
        ms: Math.round(ms),
      });
    },
    pulled: (project, { service, files, ms }) =>
      say(`${service}: pulled ${count(files.length)} in ${Math.round(ms)} ms (${named(relativeTo(project, files))})`, {
        event: 'pull',
        service,
        files,
        ms: Math.round(ms),
      }),
    plan: (plan) => void terminal.data(renderPlan(plan)),
    reloads: (project, files) => say(`${named(relativeTo(project, files))} changed, reading the project anew`),
    reloaded: (ms) =>
      say(`the project is as its files say (${Math.round(ms)} ms)`, { event: 'reload', ms: Math.round(ms) }),
    loop: (project, service, files) =>
      notice(
        `${service}: ${named(relativeTo(project, files))} changes each time that the service is restarted for it, so it does so itself. ` +
          `It is not looked at any more; name it under "ignore:" of the service's watch rule.`,
      ),
    notice,
    failure: (error) => {
      const message = error instanceof Error ? error.message : String(error);
      tell({ event: 'error', message });
      if (json) void terminal.status(`${JSON.stringify({ watch: { event: 'error', message } })}\n`);
      else void reportError(error, place);
    },
    event: (event) => {
      if (event.kind === 'plan.step.progress' && event.step.op.do === 'container.exec')
        say(`${event.step.op.service}: ${event.text}`);
    },
  };
}

function deeds({ rebuild, restart, copies, removals, execs }: ServiceWork): string {
  if (rebuild) return 'rebuilt';
  const parts: string[] = [];
  if (copies.size) parts.push(`synced ${count(copies.size)}`);
  if (removals.size) parts.push(`deleted ${count(removals.size)}`);
  if (restart) parts.push('restarted');
  if (execs.length) parts.push(`executed ${execs.map(({ command }) => command.join(' ')).join(', ')}`);
  return parts.join(', ') || 'nothing to do';
}

const count = (files: number) => (files === 1 ? '1 file' : `${files} files`);

function named(files: readonly string[]): string {
  const shown = files.slice(0, FILES_NAMED).join(', ');
  return files.length > FILES_NAMED ? `${shown} and ${files.length - FILES_NAMED} more` : shown;
}

function relativeTo({ workingDir }: Project, files: readonly string[]): string[] {
  return files.map((file) => {
    const relative = path.relative(workingDir, file);
    return relative.startsWith('..') ? file : relative || file;
  });
}

/** A line a service. */
function describeRules(project: Project, rules: readonly WatchRule[]): string[] {
  const services = [...new Set(rules.map((rule) => rule.service))];
  return services.map((service) => {
    const own = rules.filter((rule) => rule.service === service);
    const parts = own.map(({ action, path: file, target }) => {
      const [from] = relativeTo(project, [file]);
      return `${from}${target && action !== 'rebuild' ? ` -> ${target}` : ''} (${action})`;
    });
    const origin = own.some((rule) => rule.derived) ? ' [from its Dockerfile; devenv watch --write keeps it]' : '';
    return `${service}: ${parts.join(', ')}${origin}`;
  });
}

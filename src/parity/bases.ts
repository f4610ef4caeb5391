/** The images that a Dockerfile stands on: of the stages that the wanted one needs. Pure. */
import { dockerfileLines } from '../model/dockerfile-lines.js';

interface Stage {
  readonly name: string;
  readonly needs: Set<string>;
}

/** References in the order of their names; `scratch` and build contexts are none. `args` are the build's. */
export function baseImages(
  text: string,
  args: Readonly<Record<string, string | null | undefined>>,
  target: string | undefined,
  contexts: ReadonlySet<string> = new Set(),
): string[] {
  const stages = readStages(text, args);
  const wanted = target === undefined ? stages.at(-1) : stageNamed(stages, target);
  const images = new Set<string>();
  const visit = (stage: Stage | undefined, seen: Set<Stage>) => {
    if (!stage || seen.has(stage)) return;
    seen.add(stage);
    for (const need of stage.needs) {
      const below = stageNamed(stages.slice(0, stages.indexOf(stage)), need);
      if (below) visit(below, seen);
      else if (need !== 'scratch' && !contexts.has(need) && !/^\d+$/.test(need)) images.add(need);
    }
  };
  visit(wanted, new Set());
  return [...images].sort();
}

function readStages(text: string, args: Readonly<Record<string, string | null | undefined>>): Stage[] {
  const stages: Stage[] = [];
  const globals = new Map<string, string>();
  for (const { instruction, rest } of dockerfileLines(text)) {
    const stage = stages.at(-1);
    if (instruction === 'ARG' && !stage) {
      for (const [, name, value = ''] of rest.matchAll(/([A-Za-z_]\w*)(?:=("[^"]*"|'[^']*'|\S*))?/g))
        globals.set(name!, args[name!] ?? value.replace(/^["']|["']$/g, ''));
    } else if (instruction === 'FROM') {
      const words = expand(rest.replace(/--\S+\s+/g, ''), globals).split(/\s+/);
      const name = /^as$/i.test(words[1] ?? '') ? words[2]!.toLowerCase() : '';
      stages.push({ name, needs: new Set([words[0]!]) });
    } else if (stage && (instruction === 'COPY' || instruction === 'RUN')) {
      for (const [, from] of rest.matchAll(/(?:--from=|[,=]from=)([^\s,]+)/g)) stage.needs.add(from!);
    }
  }
  return stages;
}

function stageNamed(stages: readonly Stage[], name: string): Stage | undefined {
  if (/^\d+$/.test(name)) return stages[Number(name)];
  return stages.find((stage) => stage.name !== '' && stage.name === name.toLowerCase());
}

function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:\{([A-Za-z_]\w*)(?::?-([^}]*))?\}|([A-Za-z_]\w*))/g,
    (_all, braced: string | undefined, fallback: string | undefined, plain: string | undefined) =>
      values.get(braced ?? plain ?? '') || fallback || '',
  );
}

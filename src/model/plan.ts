/** Nothing in a Plan has happened yet. Ops name new containers by the name they will have. */
export type Op =
  | { readonly do: 'image.pull'; readonly service: string; readonly image: string }
  | { readonly do: 'image.build'; readonly service: string; readonly image: string }
  | { readonly do: 'network.create'; readonly network: string }
  | { readonly do: 'network.remove'; readonly name: string }
  | { readonly do: 'volume.create'; readonly volume: string }
  | { readonly do: 'volume.remove'; readonly name: string }
  | { readonly do: 'container.create'; readonly service: string; readonly replica: number; readonly name: string }
  | { readonly do: 'container.start'; readonly name: string }
  | { readonly do: 'container.stop'; readonly name: string; readonly graceMs: number }
  | { readonly do: 'container.restart'; readonly name: string; readonly graceMs: number }
  | { readonly do: 'container.remove'; readonly name: string; readonly volumes: boolean }
  | { readonly do: 'container.rename'; readonly name: string; readonly to: string }
  | {
      readonly do: 'container.wait';
      readonly name: string;
      readonly until: 'running' | 'healthy' | 'completed';
      readonly required: boolean;
    };

export interface Step {
  /** From 1, in an order that satisfies `after`. */
  readonly id: number;
  readonly op: Op;
  /** Why, in words a person reads: `image web:1 -> web:2`. */
  readonly because: string;
  readonly after: readonly number[];
}

/** Something that only the person can decide, asked before anything is applied. */
export interface Question {
  readonly id: string;
  readonly text: string;
  readonly defaultAnswer: boolean;
  /** Steps that only happen when the answer is yes. */
  readonly steps: readonly number[];
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly questions: readonly Question[];
  readonly warnings: readonly string[];
}

/** The schema of devenv.yml for editors: the Compose Specification's, with what is ours added. */
import { readComposeSchema, type Schema } from '../validate/schema.js';

type Json = Readonly<Record<string, unknown>>;

/** Names of the rules of `devenv lint` that can be switched off. */
export function editorSchema(lintRules: readonly string[]): Json {
  const compose = readComposeSchema() as Schema & Json;
  const properties = compose.properties as Readonly<Record<string, Json>>;
  const lint = lintSettings(lintRules);
  const definitions = compose.definitions as Readonly<Record<string, Json>>;
  const service = definitions.service as Json;
  return {
    ...compose,
    $id: 'urn:devenv:config',
    title: 'devenv.yml',
    description: 'The Compose Specification, plus environments and settings of devenv.',
    properties: { ...properties, environments: environments(), 'x-devenv': lint },
    definitions: {
      ...definitions,
      service: { ...service, properties: { ...(service.properties as Json), 'x-devenv': lint } },
      development: withPull(definitions.development as Json),
      overlay: {
        type: 'object',
        description: 'What differs in this environment; merged as an override file would be.',
        properties: Object.fromEntries(
          Object.entries(properties).filter(([key]) => key !== 'name' && key !== 'version'),
        ),
        patternProperties: { '^x-': {} },
        additionalProperties: false,
      },
    },
  };
}

/** `develop.watch[].action` has one action more: what the container makes comes to the host. */
function withPull(development: Json): Json {
  const whole = structuredClone(development) as {
    properties: { watch: { items: { properties: { action: { enum: string[] } } } } };
  };
  whole.properties.watch.items.properties.action.enum.push('pull');
  return whole as unknown as Json;
}

const environments = (): Json => ({
  type: 'object',
  description:
    'Environments by name (dev, prod…), chosen with --env or DEVENV_ENV; dev is the default where there is one.',
  patternProperties: {
    '^[a-zA-Z0-9][a-zA-Z0-9_-]*$': { oneOf: [{ $ref: '#/definitions/overlay' }, { type: 'null' }] },
  },
  additionalProperties: false,
});

const lintSettings = (rules: readonly string[]): Json => ({
  type: 'object',
  description: 'Settings of devenv; other programs leave them alone.',
  properties: {
    lint: {
      type: 'object',
      properties: {
        off: {
          description: 'Rules of devenv lint that do not apply here.',
          oneOf: [{ type: 'array', items: { type: 'string', enum: [...rules] }, uniqueItems: true }, { const: 'all' }],
        },
      },
      additionalProperties: false,
    },
  },
});

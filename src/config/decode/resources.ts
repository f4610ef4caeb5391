/** The final form of networks, volumes, secrets, configs and models: Compose Specification, the sections of these names. */
import { always, anyText, choice, flag, integer, list, map, type Shape, struct, text } from './shape.js';

const labels = map(anyText);

export const network: Shape = always({
  name: text,
  driver: text,
  driver_opts: labels,
  ipam: always({
    driver: text,
    config: list(struct({ subnet: text, gateway: text, ip_range: text, aux_addresses: labels })),
  }),
  external: flag,
  internal: flag,
  attachable: flag,
  labels,
  enable_ipv4: choice,
  enable_ipv6: choice,
});

export const volume: Shape = always({ name: text, driver: text, driver_opts: labels, external: flag, labels });

const file = {
  name: text,
  file: text,
  environment: text,
  content: text,
  external: flag,
  labels,
  driver: text,
  driver_opts: labels,
  template_driver: text,
};

export const secret: Shape = always(file);
export const config: Shape = always(file);

export const model: Shape = always({ name: text, model: text, context_size: integer, runtime_flags: list(anyText) });

/** What the engine says it is. */
export interface Product {
  /** devenv's own version. */
  readonly version: string;
}

/** The Docker Engine that this one answers like: clients decide by this number what they may ask for. */
export const dockerVersion = '28.5.2';

/** `28.5.2+devenv.0.1.0`: behind the plus is build metadata, which comparisons of versions leave out. */
export function engineVersion(product: Product): string {
  return `${dockerVersion}+devenv.${product.version}`;
}

/** `Server` header. */
export function serverHeader(product: Product): string {
  return `devenv/${product.version} (linux)`;
}

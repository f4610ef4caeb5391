/** One of mount(2)'s for an overlay (the kernel's Documentation/filesystems/overlayfs.rst). */
export type OverlayOption = 'volatile' | 'userxattr' | 'index=off' | 'metacopy=off' | 'redirect_dir=off';

/**
 * Of every overlay with a writable folder. That becomes a layer as it is, so it must hold whole files under their own names
 * whatever the kernel does unless it is told: no redirects, no files of attributes alone. Nor an index: a folder whose last
 * mount is still going would be refused. `userXattr`, of an engine without root, rules out the first two by itself.
 */
export function overlayOptions(userXattr: boolean): OverlayOption[] {
  return ['index=off', 'metacopy=off', userXattr ? 'userxattr' : 'redirect_dir=off'];
}

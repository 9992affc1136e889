import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Toolchain } from './compile.ts';

/**
 * The variant "asan", for this machine's own libc: address and undefined-behaviour sanitizers, whose first finding ends
 * the program, readable JavaScript, and a garbage collection at every Nth new object with INNKEEPER_COLLECT_EVERY=N in the
 * environment (default: by QuickJS' own threshold).
 */
export const checkedToolchain: Toolchain = {
  compiler: 'gcc',
  flags: ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'],
  strip: undefined,
};

const original = `#ifdef FORCE_GC_AT_MALLOC
    force_gc = TRUE;
#else
    force_gc = ((rt->malloc_state.malloc_size + size) >
                rt->malloc_gc_threshold);
#endif
`;

const counted = `    static long every = -1, objects;
    if (every < 0) {
        const char *text = getenv("INNKEEPER_COLLECT_EVERY");
        every = text ? atol(text) : 0;
    }
    force_gc = every > 0 ? ++objects % every == 0 : rt->malloc_state.malloc_size + size > rt->malloc_gc_threshold;
`;

/**
 * The source of quickjs.c that reads INNKEEPER_COLLECT_EVERY. A collection can begin where an object is made and nowhere
 * else, as in the original.
 * @throws Error if the source has no such place
 */
export function withCountedCollection(source: string): string {
  if (!source.includes(original)) throw new Error('quickjs.c does not decide about a collection as expected.');
  return source.replace(original, counted);
}

/** Why this machine cannot build the variant; undefined: it can. Takes a second. */
export function whyNoSanitizers(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'ik-sanitizers-'));
  try {
    const words = [...checkedToolchain.flags, '-x', 'c', '-', '-o', join(folder, 'program')];
    const { status, error } = spawnSync('gcc', words, { input: 'int main(void) { return 0; }' });
    if (error !== undefined) return 'gcc is not installed: apt-get install gcc';
    return status === 0 ? undefined : 'this gcc has no address sanitizer: install libasan';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

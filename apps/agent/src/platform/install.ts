/**
 * The globals of packages/platform.d.ts. Imported before everything else, and for its effect: modules of the pure
 * packages make a TextDecoder when they are loaded.
 */
import { installAbortController } from './abort-controller.ts';
import { installTextCoding } from './text-coding.ts';

// Biome keeps imports in order by name, so the order here says it again: this file is the first import of main.ts.
installAbortController();
installTextCoding();
const symbols = Symbol as unknown as Record<string, symbol>;
symbols['dispose'] ??= Symbol('Symbol.dispose');
symbols['asyncDispose'] ??= Symbol('Symbol.asyncDispose');
const globals = globalThis as unknown as Record<string, unknown>;
globals['queueMicrotask'] ??= (callback: () => void) => Promise.resolve().then(callback);

/**
 * The globals of packages/platform.d.ts. Imported before everything else, for its side effect: modules of the pure
 * packages create a TextDecoder when they are loaded.
 */
import { installAbortController } from './abort-controller.ts';
import { installTextCoding } from './text-coding.ts';

// Biome sorts imports by name; main.ts has to import this file first.
installAbortController();
installTextCoding();
const symbols = Symbol as unknown as Record<string, symbol>;
symbols['dispose'] ??= Symbol('Symbol.dispose');
symbols['asyncDispose'] ??= Symbol('Symbol.asyncDispose');
const globals = globalThis as unknown as Record<string, unknown>;
globals['queueMicrotask'] ??= (callback: () => void) => Promise.resolve().then(callback);

import { testGuest } from './test-guest.ts';

testGuest({ image: 'tiny', init: 'busybox', bootMs: 120_000 });

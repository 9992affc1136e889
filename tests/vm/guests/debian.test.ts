import { testGuest } from './test-guest.ts';

testGuest({ image: 'debian', init: 'systemd', bootMs: 180_000, sequence: 3_000_000 });

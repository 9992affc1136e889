import { testFreshDebian } from './fresh-debian.ts';

testFreshDebian('trixie', false);

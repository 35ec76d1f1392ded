#!/usr/bin/env node
// Runs the program in the package of this platform, as if it had been called itself.
'use strict';

const { spawnSync } = require('node:child_process');

const name = `@meshlint/${process.platform}-${process.arch}`;

function program() {
  try {
    return require.resolve(`${name}/meshlint${process.platform === 'win32' ? '.exe' : ''}`);
  } catch {
    console.error(`meshlint: ${name} is not installed; there may be no package for this platform`);
    process.exit(2);
  }
}

const ran = spawnSync(program(), process.argv.slice(2), { stdio: 'inherit' });
if (ran.error) {
  console.error(`meshlint: ${ran.error.message}`);
  process.exit(2);
}
if (ran.signal) {
  process.kill(process.pid, ran.signal);
}
process.exit(ran.status);

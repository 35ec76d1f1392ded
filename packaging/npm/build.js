// Packs the two npm packages: node build.js PROGRAM VERSION FOLDER
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

const [program, version, folder] = process.argv.slice(2);
const source = __dirname;
const common = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8'));
const platform = `@meshlint/${process.platform}-${process.arch}`;
const license = path.join(source, '../../LICENSE');

function pack(name, manifest, fill) {
  const stage = path.join(folder, name);
  fs.rmSync(stage, { recursive: true, force: true });
  fs.mkdirSync(stage, { recursive: true });
  fs.writeFileSync(path.join(stage, 'package.json'), JSON.stringify(manifest, null, 2) + '\n');
  fs.copyFileSync(license, path.join(stage, 'LICENSE'));
  fs.copyFileSync(path.join(source, 'README.md'), path.join(stage, 'README.md'));
  fill(stage);
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder, stage], { stdio: ['ignore', 'ignore', 'inherit'] });
  fs.rmSync(stage, { recursive: true });
}

// The program itself, which npm installs only where it runs.
const { name: _name, bin: _bin, files: _files, ...shared } = common;
pack('platform', { name: platform, ...shared, version, os: [process.platform], cpu: [process.arch] }, (stage) => {
  const copy = path.join(stage, path.basename(program));
  fs.copyFileSync(program, copy);
  fs.chmodSync(copy, 0o755);
});

// The command, which finds it.
const optionalDependencies = { [platform]: version };
pack('launcher', { ...common, version, optionalDependencies }, (stage) => {
  fs.cpSync(path.join(source, 'bin'), path.join(stage, 'bin'), { recursive: true });
});

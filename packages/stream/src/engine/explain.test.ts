import { expect, it } from 'vitest';
import { explain } from './explain.js';

const at = { dataDir: '/data', host: '127.0.0.1', port: 8123 };

// As Node, the engine and the operating system say it.
it.each([
  ['listen EADDRINUSE: address already in use 127.0.0.1:8123', /Port 8123 of 127\.0\.0\.1 is taken/],
  ['Code: 76. DB::Exception: Cannot lock file /data/status. Another server instance in same directory is already running. (CANNOT_OPEN_FILE)', /in use by another running instance/],
  ['ENOSPC: no space left on device, mkdir', /no space left for the data folder \/data/],
  ['Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)', /no space left/],
  ['EACCES: permission denied, mkdir', /cannot be written/],
  ['filesystem error: in create_directories: Read-only file system', /cannot be written/],
  ['ENOTDIR: not a directory, mkdir', /a file is in its place/],
  ['chdb: no native binding for linux-x64-musl', /glibc Linux and macOS/],
  ['something else', /does not start on \/data: something else/],
  ['', /without a word/],
])('%s', (said, sentence) => {
  expect(explain(said, at)).toMatch(sentence);
});

import { main, say } from './say.mjs';
import { build, checkNode, install } from './workspace.mjs';

await main(async () => {
  checkNode();
  await install(say);
  await build(say);
  say('built');
});

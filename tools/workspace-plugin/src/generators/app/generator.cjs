const path = require('node:path');
const { generateFiles, formatFiles, names } = require('@nx/devkit');
const { refuseExisting, refuseName } = require('../refuse.cjs');
const topologyGenerator = require('../topology/generator.cjs');

/** Makes `apps/<name>`: module, entry point with checked settings, a topology with its spec, README. */
module.exports = async function appGenerator(tree, options) {
  refuseName(options.name);
  const root = `apps/${options.name}`;
  refuseExisting(tree, root, 'choose another --name for the app');
  const topology = `${options.name}-counts`;
  generateFiles(tree, path.join(__dirname, 'files'), root, {
    ...names(options.name),
    topology,
    topologyClass: names(topology).className,
    template: '',
  });
  await topologyGenerator(tree, { name: topology, app: options.name });
  await formatFiles(tree);
  return () =>
    console.log(
      `made ${root}; run \`npm install\` once, then MILLRACE_BROKERS=… npx node ${root}/dist/main.js after npm run build`,
    );
};

const path = require('node:path');
const { generateFiles, formatFiles, names } = require('@nx/devkit');
const { refuseExisting, refuseName } = require('../refuse.cjs');

/** Makes `apps/<app>/src/topologies/<name>.ts` with a spec that runs it in the test driver. */
module.exports = async function topologyGenerator(tree, options) {
  refuseName(options.name);
  refuseName(options.app, 'app');
  const root = `apps/${options.app}`;
  if (!tree.exists(`${root}/package.json`)) {
    throw new Error(`there is no app '${options.app}': make it with \`npm run new -- app --name=${options.app}\``);
  }
  const file = `${root}/src/topologies/${options.name}.ts`;
  const spec = `${root}/src/topologies/${options.name}.topology.spec.ts`;
  for (const each of [file, spec]) refuseExisting(tree, each, 'choose another --name for the topology');
  generateFiles(tree, path.join(__dirname, 'files'), root, { ...names(options.name), app: options.app, template: '' });
  await formatFiles(tree);
  const { className } = names(options.name);
  return () =>
    console.log(
      `made ${file}; add ${className} to the topologies of StreamsModule.forFeature({ topologies: […] }) in ${root}/src`,
    );
};

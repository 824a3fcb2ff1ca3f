const path = require('node:path');
const { generateFiles, formatFiles, names } = require('@nx/devkit');

/** Makes `apps/<app>/src/topologies/<name>.ts` with a spec that runs it in the test driver. */
module.exports = async function topologyGenerator(tree, options) {
  const root = `apps/${options.app}`;
  if (!tree.exists(`${root}/package.json`)) {
    throw new Error(`there is no app '${options.app}': make it with \`npm run new -- app --name=${options.app}\``);
  }
  const file = `${root}/src/topologies/${options.name}.ts`;
  if (tree.exists(file)) throw new Error(`${file} exists already: choose another --name`);
  generateFiles(tree, path.join(__dirname, 'files'), root, { ...names(options.name), app: options.app, template: '' });
  await formatFiles(tree);
  const { className } = names(options.name);
  return () =>
    console.log(
      `made ${file}; add ${className} to the topologies of StreamsModule.forFeature({ topologies: […] }) in ${root}/src`,
    );
};

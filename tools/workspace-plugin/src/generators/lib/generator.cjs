const path = require('node:path');
const { generateFiles, formatFiles, names } = require('@nx/devkit');
const { refuseExisting, refuseName } = require('../refuse.cjs');

/** Makes `libs/<name>`: package with its layer's tag, one exported function with its spec, README. */
module.exports = async function libGenerator(tree, options) {
  refuseName(options.name);
  const root = `libs/${options.name}`;
  refuseExisting(tree, root, 'choose another --name for the lib');
  generateFiles(tree, path.join(__dirname, 'files'), root, {
    ...names(options.name),
    layer: options.layer ?? 'adapter',
    template: '',
  });
  await formatFiles(tree);
  return () =>
    console.log(`made ${root}; run \`npm install\` once, so that other packages can import @millrace/${options.name}`);
};

const path = require('node:path');
const { generateFiles, formatFiles, names } = require('@nx/devkit');
const { refuseExisting } = require('../refuse-existing.cjs');

/** Makes `libs/<name>`: package with its layer's tag, one exported function with its spec, README. */
module.exports = async function libGenerator(tree, options) {
  const root = `libs/${options.name}`;
  refuseExisting(tree, root, 'lib');
  generateFiles(tree, path.join(__dirname, 'files'), root, {
    ...names(options.name),
    layer: options.layer ?? 'adapter',
    template: '',
  });
  await formatFiles(tree);
  return () =>
    console.log(`made ${root}; run \`npm install\` once, so that other packages can import @millrace/${options.name}`);
};

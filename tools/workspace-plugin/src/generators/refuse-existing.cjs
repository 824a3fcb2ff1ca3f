/** Throws when the folder is taken: a generator never overwrites what somebody wrote. */
module.exports.refuseExisting = function refuseExisting(tree, folder, kind) {
  if (tree.exists(`${folder}/package.json`)) {
    throw new Error(`${folder} exists already: choose another --name for the ${kind}`);
  }
};

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Throws when the name cannot be that of a folder, a package, a class and, for topologies, of Kafka's topics alike. */
module.exports.refuseName = function refuseName(name, option = 'name') {
  if (NAME.test(name)) return;
  throw new Error(
    `--${option}=${name} cannot be used: write words of lower-case letters and digits with hyphens between, such as late-departures`,
  );
};

/** Throws when a file is there already: a generator never overwrites what somebody wrote. */
module.exports.refuseExisting = function refuseExisting(tree, file, remedy) {
  if (tree.exists(file)) throw new Error(`${file} exists already: ${remedy}`);
};

/** The version of this package and of the objects it installs; a test holds it equal to package.json. */
export const version = "0.4.0";

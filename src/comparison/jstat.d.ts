/** The parts of jstat that the comparison uses; the package has no types of its own. */
declare module "jstat" {
  const jstat: {
    readonly jStat: {
      /** The regularized incomplete beta function. */
      ibeta(x: number, a: number, b: number): number;
      readonly studentt: {
        /** The quantile of Student's t. */
        inv(p: number, degreesOfFreedom: number): number;
      };
    };
  };
  export default jstat;
}

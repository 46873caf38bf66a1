/**
 * An operation that may be called with a token or without one (`security: [{}, ...]`) has an open lock until somebody
 * signs in: Swagger UI takes "without one" for signed in.
 */
export const openLocks = {
  statePlugins: {
    auth: {
      wrapSelectors: {
        isAuthorized: (original) => (_state, securities) =>
          original(securities?.filter((security) => security.size > 0)),
      },
    },
  },
};

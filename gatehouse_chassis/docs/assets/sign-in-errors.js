/** Errors of the *Authorize* dialog: in words for people, and once, although a scheme has several flows. */

const SENTENCES = {
  access_denied: "You did not allow it. Nothing was signed in.",
  invalid_grant: "The user name or the password is wrong.",
  temporarily_unavailable: "Too many attempts. Try again in a moment.",
};

let flowInUse = "";

const noteFlow = (original) => (first, ...rest) => {
  const auth = rest[0]?.auth ?? first;
  flowInUse = auth.schema.get("flow");
  return original(first, ...rest);
};

export const errorsForPeople = {
  statePlugins: {
    auth: {
      wrapActions: { authPopup: noteFlow, authorizePassword: noteFlow },
    },
    err: {
      wrapActions: {
        newAuthErr: (original) => (error) => original({ ...error, message: inWords(error.message) }),
      },
    },
  },
  wrapComponents: {
    // Swagger UI shows what went wrong beside every flow of the scheme.
    oauth2: (Original, { React }) => (props) => {
      const isInUse = !flowInUse || props.schema.get("flow") === flowInUse;
      const errSelectors = isInUse ? props.errSelectors : { ...props.errSelectors, allErrors: () => noErrors(props) };
      return React.createElement(Original, { ...props, errSelectors });
    },
  },
};

function noErrors({ errSelectors }) {
  return errSelectors.allErrors().clear();
}

function inWords(message) {
  const text = typeof message === "string" ? message : JSON.stringify(message);
  const code = Object.keys(SENTENCES).find((known) => text.includes(known));
  return code ? SENTENCES[code] : text;
}

/** What a browser is shown when the web console's files are not there. */
export const notBuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Innkeeper</title>
<h1>The web console is not built</h1>
<p>The daemon runs, and its API answers here. <code>npm start</code> builds the web console; then load this page again.</p>
</html>
`;

// The answer to an application goes on by itself.
"use strict";
document.getElementById("answer").submit();

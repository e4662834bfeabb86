// Lets a phone install the portal and say so itself when there is no connection.
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js");

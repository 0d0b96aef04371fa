// The one client of the whole program: every page shares its login.
const { createClient } = require('./utils/wxlogin.js');

module.exports = createClient({
  wx,
  baseUrl: 'https://login.shop.example', // PUBLIC_URL of wxlogin
  app: 'mp', // the program's name in APPS
  servers: ['https://shop.example'], // your own servers, which may hear the token
});

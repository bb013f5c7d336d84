-- What change capture reads; made here so that the capture role needs no right to make publications.
CREATE PUBLICATION debezium_publication FOR TABLE users, events, bets;

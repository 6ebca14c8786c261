-- Version 4: what became of the newest delivery of a webhook.

CREATE TABLE delivery (
  webhook INTEGER NOT NULL PRIMARY KEY REFERENCES webhook (id) ON DELETE CASCADE,
  event INTEGER NOT NULL,
  tried_ms INTEGER NOT NULL,
  status INTEGER NOT NULL,  -- Of HTTP; 0: nothing was answered.
  code TEXT NOT NULL,       -- Empty: it was taken.
  message TEXT NOT NULL,
  hint TEXT NOT NULL,
  next_try_ms INTEGER NOT NULL  -- 0: taken, or given up.
) STRICT;

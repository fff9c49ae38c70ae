package dev.mica.audit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is hidden in a sentence, and what is not. */
final class SecretsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "pull ann:hunter2@localhost:5000/web",
        "cannot fetch https://ann:hunter2@host/v2/: 401",
        "cannot fetch https://host/token?service=x&token=hunter2: 500",
        "open sftp://ann:hunter2@host:22/srv",
        "the password is: hunter2",
        "password: hunter2 hunter2, in the settings",
        "the password was hunter2",
        "log in with password hunter2",
        "--password hunter2",
        "--password=hunter2",
        "--token 'hunter2 hunter2' x",
        "token \"hunter2\"",
        "{\"auths\":{\"host\":{\"auth\":\"hunter2\"}}}",
        "{\"token\":\"hunter2\",\"x\":1}",
        "Authorization: Basic hunter2",
        "Authorization: Bearer hunter2",
        "the header Bearer hunter2",
        "the variable DB_PASSWORD=hunter2 is wrong",
        "--env NAME=a hunter2",
        "ENV NAME hunter2 hunter2",
        "cannot change the configuration by EVN NAME hunter2: there is none",
        "API_KEY: hunter2",
        "secret hunter2",
        "credentials 'hunter2'"
      })
  void isHidden(String text) {
    assertThat(Secrets.masked(text)).contains("***").doesNotContain("hunter2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pull localhost:5000/web:v2",
        "pull web:v2@sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
        "create the union web",
        "remove the VM token-server",
        "cannot remove the user ann: there is none of that name",
        "make the directory /srv/passwords/x",
        "read /srv/a:b, c@d"
      })
  void isShown(String text) {
    assertThat(Secrets.masked(text)).isEqualTo(text);
  }

  @Test
  void whoAsksAndWhyStay() {
    assertThat(Secrets.masked("cannot pull x: the password hunter2 is refused"))
        .isEqualTo("cannot pull x: the password *** is refused");
  }
}

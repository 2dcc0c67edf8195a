package com.example.notes;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.web.authentication.BearerTokenAuthenticationFilter;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Notes with Spring Boot: ISSUER=… AUDIENCE=… java -jar target/notes.jar --server.port=8080 */
@SpringBootApplication
@RestController
public class Notes {
  public static void main(String[] arguments) {
    SpringApplication.run(Notes.class, arguments);
  }

  /** Not by issuer-uri: Spring's own decoder accepts RS256 and the type JWT, and our tokens are ES256 and at+jwt. */
  @Bean
  JwtDecoder tokens(@Value("${ISSUER}") String issuer, @Value("${AUDIENCE}") String audience) {
    var decoder = NimbusJwtDecoder.withJwkSetUri(issuer + "/.well-known/jwks.json")
        .jwsAlgorithm(SignatureAlgorithm.ES256)
        .validateType(false) // the validator below does
        .build();
    decoder.setJwtValidator(JwtValidators.createDefaultWithValidators(
        new JwtTimestampValidator(Duration.ofSeconds(5)), // in place of one that accepts a token for a minute more
        new JwtTypeValidator("at+jwt"),
        new JwtIssuerValidator(issuer),
        new JwtClaimValidator<List<String>>(JwtClaimNames.AUD, aud -> aud != null && aud.contains(audience)),
        new JwtClaimValidator<String>("sid", sid -> sid != null && !sid.isEmpty())));
    return decoder;
  }

  @Bean
  SecurityFilterChain routes(HttpSecurity http) throws Exception {
    return http
        .authorizeHttpRequests(routes -> routes
            .requestMatchers("/notes").hasAuthority("SCOPE_notes:read")
            .anyRequest().denyAll())
        .oauth2ResourceServer(server -> server.jwt(Customizer.withDefaults()))
        .addFilterBefore(Notes::withoutKeys, BearerTokenAuthenticationFilter.class)
        .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .csrf(csrf -> csrf.disable()) // no cookies
        .build();
  }

  /** Spring throws if it cannot read the keys. Without this the answer is 401, as that of any page of errors here. */
  private static void withoutKeys(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    try {
      chain.doFilter(request, response);
    } catch (AuthenticationServiceException nothingIsKnownAboutTheToken) {
      var answer = (HttpServletResponse) response;
      answer.setHeader("Retry-After", "1");
      answer.setStatus(503);
    }
  }

  @GetMapping("/notes")
  Map<String, Object> notes(@AuthenticationPrincipal Jwt caller) {
    return Map.of("owner", caller.getSubject(), "notes", List.of("a note of the caller's"));
  }
}

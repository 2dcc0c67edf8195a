// Notes with Go: ISSUER=… AUDIENCE=… PORT=8080 go run .
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

type claims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
	Scope     string `json:"scope"`
}

func main() {
	issuer, audience := os.Getenv("ISSUER"), os.Getenv("AUDIENCE")
	// By default the keys are read once an hour, and a request with an unknown key may wait for a minute.
	keys, err := keyfunc.NewDefaultOverrideCtx(context.Background(), []string{issuer + "/.well-known/jwks.json"},
		keyfunc.Override{RefreshInterval: time.Minute, RateLimitWaitMax: 5 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithLeeway(5*time.Second))

	http.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "bearer") {
			refuse(w, 401, `Bearer`)
			return
		}
		var caller claims
		verified, err := parser.ParseWithClaims(token, &caller, keys.Keyfunc)
		if errors.Is(err, jwt.ErrTokenUnverifiable) && isEmpty(r.Context(), keys) {
			w.Header().Set("Retry-After", "1") // nothing is known about the token
			w.WriteHeader(503)
			return
		}
		// RFC 9068 §4: the library does not check typ.
		if err != nil || verified.Header["typ"] != "at+jwt" || caller.Subject == "" || caller.SessionID == "" {
			refuse(w, 401, `Bearer error="invalid_token"`)
			return
		}
		if !slices.Contains(strings.Fields(caller.Scope), "notes:read") {
			refuse(w, 403, `Bearer error="insufficient_scope", scope="notes:read"`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"owner": caller.Subject, "notes": []string{"a note of the caller's"}})
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

func isEmpty(ctx context.Context, keys keyfunc.Keyfunc) bool {
	known, err := keys.Storage().KeyReadAll(ctx)
	return err != nil || len(known) == 0
}

func refuse(w http.ResponseWriter, status int, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.WriteHeader(status)
}
